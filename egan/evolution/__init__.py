"""Evolution of any game: generators that are mutated, scored and selected."""
