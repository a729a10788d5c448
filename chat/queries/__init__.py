"""Reading conversations, always for somebody: what a person may not see cannot be returned."""
