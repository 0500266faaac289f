FROM https://registry.example.com/a
