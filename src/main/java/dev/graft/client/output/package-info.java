/**
 * The server's answers as people read them on a terminal: lists as tables, quotes, reports and
 * evaluations as lines. What the server says of a value that is not there is shown as {@code -},
 * and no text of others controls the terminal.
 */
@NullMarked
@NamedInterface("output")
package dev.graft.client.output;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
