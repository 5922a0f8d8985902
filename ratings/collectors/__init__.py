"""Ways in that ratings opens by itself: whoever collects reads, and lets the rater rate."""
