"""What a user never sees: one logical call, from the deadline down to the socket."""
