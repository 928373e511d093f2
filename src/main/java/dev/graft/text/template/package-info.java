/**
 * Chat templates: the model's own Jinja, rendered as transformers does ({@link
 * dev.graft.text.template.ChatTemplate}).
 *
 * <p>jinjava runs them, with white space rules and Python's methods from here and without access to
 * Java. What {@code generation} blocks enclose comes back as character spans.
 *
 * <p>A template that uses a construct not known to render as in Python is refused by the
 * construct's name ({@link dev.graft.text.template.TemplateRejected}).
 */
@NullMarked
@NamedInterface("template")
package dev.graft.text.template;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
