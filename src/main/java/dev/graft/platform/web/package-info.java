/**
 * What reaches a controller, and how its answer leaves.
 *
 * <p>Bodies have a limit, routes are met as OpenAI's clients write them, each answer has an {@code
 * x-request-id}, single things an {@code ETag} ({@link dev.graft.platform.web.EntityTag}), and
 * streams are server-sent events ({@link dev.graft.platform.web.EventStream}). The OpenAPI document
 * and the page that shows it are served from here.
 *
 * <p>How it fails: what may not be read is refused before a controller sees it; where a {@link
 * dev.graft.platform.web.ConcurrencyLimit} is full, the caller is told to come again.
 */
@NullMarked
@NamedInterface("web")
package dev.graft.platform.web;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
