/**
 * Whatever goes wrong with a request, told as OpenAI tells it.
 *
 * <p>A module throws {@link dev.graft.platform.errors.RequestFailed} with a {@link
 * dev.graft.platform.errors.ProblemType}; everything else that can go wrong (routing, JSON,
 * sign-in, the firewall, the container) is turned into one too, and all of them are rendered as the
 * OpenAI envelope, in JSON whatever the client accepts, with {@code x-request-id}.
 *
 * <p>What is not foreseen becomes a 500 that says nothing of the inside; its cause is in the log
 * under the request id.
 */
@NullMarked
@NamedInterface("errors")
package dev.graft.platform.errors;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
