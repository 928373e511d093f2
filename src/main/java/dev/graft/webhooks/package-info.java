/**
 * Tells departments what becomes of their jobs and aliases: an HTTP request to a URL of theirs for
 * every event, signed as Standard Webhooks says, in the form that OpenAI's SDKs unwrap.
 *
 * <p>How it works: a trigger on the table of jobs writes a {@code webhook_delivery} for each
 * endpoint that wants the event, in the transaction that moves the job ({@code
 * V163__webhooks.sql}), as does one on the moves of aliases ({@code V230__aliases.sql}): nothing is
 * told that did not happen, nothing that happened is forgotten. An endpoint that has some is leased
 * work: {@link dev.graft.webhooks.DeliveryWork} takes the first that is due ({@link
 * dev.graft.webhooks.Outbox}), sends it ({@link dev.graft.webhooks.OutboundClient}) outside any
 * transaction and writes down what came of it. An endpoint is sent one at a time, those of a job in
 * the order of its events; endpoints take turns. No other module uses this one.
 *
 * <p>How it fails, and what then holds:
 *
 * <ul>
 *   <li>The receiver is away or answers with anything but 2xx: the next attempt waits longer, for
 *       about a day; then the delivery has failed, and an endpoint that took nothing meanwhile is
 *       disabled. Redelivery is one request.
 *   <li>The server dies while it sends: the claim runs out and another server, or the same one
 *       later, sends it again. Receivers get everything at least once, and know it by its id.
 *   <li>A URL leads to where it must not, at once or later: {@link
 *       dev.graft.webhooks.OutboundClient.OutboundGuard} looks at the addresses that are connected
 *       to, at every attempt, and follows nothing.
 *   <li>The key that secrets are encrypted with is not the one they were encrypted with: the
 *       delivery waits, and the log says so.
 * </ul>
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {"platform", "platform :: database", "platform :: work", "tenancy"})
package dev.graft.webhooks;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
