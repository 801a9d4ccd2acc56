"""What jax.grad works on, made visible: traced programs and typed expressions as trees."""
