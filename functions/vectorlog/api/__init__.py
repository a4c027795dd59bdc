"""HTTP in two dialects: routes, bodies, answers, errors."""
