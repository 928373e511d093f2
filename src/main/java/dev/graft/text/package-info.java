/**
 * Tokenizers, chat templates, and reading and normalising training rows. A plain library.
 *
 * <p>{@link dev.graft.text.RowReader} turns the lines of a file into {@link
 * dev.graft.text.Example}s or problems with line numbers. {@link dev.graft.text.RowTokenizer} turns
 * an example into ids and labels: a row becomes one text ({@link dev.graft.text.ChatTemplate} for
 * chats) and is tokenised once ({@link dev.graft.text.Tokenizer}); labels follow from character
 * spans.
 *
 * <p>Chat templates are the model's own Jinja. jinjava runs them, with white space rules and
 * Python's methods from here and without access to Java; a template that uses a construct not known
 * to render as in Python is refused by the construct's name ({@link
 * dev.graft.text.TemplateRejected}). Text of rows is data to a template, never a template; special
 * tokens in it are refused when a row is tokenised for training.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"spec"})
package dev.graft.text;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
