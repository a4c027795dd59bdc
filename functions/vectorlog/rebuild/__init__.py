"""What is derived, made anew beside what serves: views from the log, the index from the artefacts."""
