"""Where children are made: `executor` has the interface and this process, `ray_*` a Ray cluster."""
