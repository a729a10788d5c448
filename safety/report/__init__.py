"""What the engine is worth, measured on texts with a label and written as a page.

For development: the product never imports it. The command is `aparte safety-report`.
"""
