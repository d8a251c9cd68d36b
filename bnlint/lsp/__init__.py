"""The language server: what bnlint knows, in any editor that speaks the Language Server Protocol."""
