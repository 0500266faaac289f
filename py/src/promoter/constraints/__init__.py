"""What the product's build metadata asks of components, and what is promoted in spite of it."""
