"""The classes of the documents as a user of other libraries would write them: one file for each library.

`fields` has their fields, which are those of this library's classes, in types that every library knows; the other files
make classes of them. Nothing here imports this library: what a process holds is what its garbage collector walks over.
"""
