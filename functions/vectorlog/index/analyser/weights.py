"""How much each term of a query counts.

The weights were measured on SciFact's development queries and on finding's (see bm25.py). A word weighs 1 in sum, and
so do most of the others.
"""

STEM, PLAIN, EXACT = 0.8, 0.15, 0.05
"""Of a word: more for the plain form favours equal forms, but with .5 for the stem SciFact loses .004."""
FUNCTION_WORD = 0.3
"""Of an article, pronoun or question word, in proportion to another word."""
NUMBER = 1.0
"""Of a number. With .5, versions of one document are confused; more than 1 says little in prose."""
CODE = 2.0
"""Of a word with letters and digits, such as K735."""
COMPOUND = 1.5
"""Of a compound that is no word, such as ERR_2043 or config.yaml, as a whole."""
HYPHENATED = 0.2
"""Of words that are joined by a hyphen or a slash, as a whole; their parts weigh as words do."""
PART = 0.4
"""Of a part of any other compound."""
ACRONYM = 1.0
"""Of a function word in capitals, such as WHO."""
