"""Operations on a whole deployment: verify it, show one id, rebuild its derived data, export and import it."""
