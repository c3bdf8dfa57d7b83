"""Pure rules that turn standings into points: places among our people, series of competitions, grades."""
