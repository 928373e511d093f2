/**
 * Lists, page by page, and what a query may ask of them.
 *
 * <p>A {@link dev.graft.platform.pagination.Cursor} names the last thing of the page before; a
 * {@link dev.graft.platform.pagination.CursorPage} is the page in OpenAI's envelope. {@link
 * dev.graft.platform.pagination.MetadataFilter} and {@link dev.graft.platform.pagination.TimeRange}
 * are the filters that OpenAI's clients send.
 *
 * <p>How it fails: a cursor that is unknown is the end of the list; a query that cannot be read is
 * refused with the parameter's name.
 */
@NullMarked
@NamedInterface("pagination")
package dev.graft.platform.pagination;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
