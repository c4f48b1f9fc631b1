"""Reading sources of products: one module a format, all of them giving blocks of rows."""
