/**
 * OpenAI's completions, {@code POST /v1/completions}: a model continues one or several texts.
 * {@link dev.graft.inference.api.completions.TextCompletionParameter} is the table of its fields.
 * The answer is a {@code text_completion}, whole or a part in each event. What cannot be honoured
 * is refused by its name.
 */
@NullMarked
package dev.graft.inference.api.completions;

import org.jspecify.annotations.NullMarked;
