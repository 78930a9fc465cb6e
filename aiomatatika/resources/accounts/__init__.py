"""Accounts: who pays, and owns workspaces ("Accounts" page of the API reference).

A profile has a working account, and an account's admins are profiles: `models` is below the profiles, `group` above.
"""
