"""The operations of each library on the columns of its tables: one module for each library."""
