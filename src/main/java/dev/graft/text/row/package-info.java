/**
 * Rows of a training file: {@link dev.graft.text.row.RowReader} reads JSONL as hostile input, in
 * bounded memory, into {@link dev.graft.text.row.Example}s.
 *
 * <p>{@link dev.graft.text.row.RowConversion} makes rows of rows, line by line: without keys that
 * no kind has, or OpenAI's chat rows of a {@link dev.graft.text.row.RowFormat} that is not theirs.
 *
 * <p>The shapes that are known are OpenAI's, TRL's, Alpaca's and ShareGPT's; one kind a file. A
 * line that has none of them is a problem with its number, told without the row's own text, and
 * reading stops after a hundred, and where one says what the whole file is.
 */
@NullMarked
@NamedInterface("row")
package dev.graft.text.row;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
