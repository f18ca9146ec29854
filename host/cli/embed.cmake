# Writes OUTPUT, a source file in which the text of INPUT is the string help_markdown.
file(READ ${INPUT} text)
file(WRITE ${OUTPUT} "// Made from help.md by the build.\nnamespace prorata::cli {\nextern char const help_markdown[];\nchar const help_markdown[] = R\"--md--(${text})--md--\";\n}\n")
