/**
 * Text into tokens: a model's {@link dev.graft.text.Tokenizer}, and training rows as ids and
 * labels. A plain library.
 *
 * <p>{@link dev.graft.text.RowReader} turns the lines of a file into {@link
 * dev.graft.text.Example}s or problems with line numbers. {@link dev.graft.text.RowTokenizer} turns
 * an example into ids and labels: a row becomes one text ({@link dev.graft.text.ChatTemplate} for
 * chats) and is tokenised once; labels follow from character spans.
 *
 * <p>Text of rows is data to a template, never a template; special tokens in it are refused when a
 * row is tokenised for training. A row that cannot be used is a {@link
 * dev.graft.text.RowTokenizer.RowRejected}, a model's broken tokenizer a {@link
 * dev.graft.text.Tokenizer.BadTokenizer}.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"spec"})
package dev.graft.text;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
