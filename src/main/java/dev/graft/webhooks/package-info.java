/**
 * Sends departments the events of their jobs and aliases: one HTTP request per event and endpoint,
 * signed as Standard Webhooks defines, in the form that OpenAI's SDKs unwrap.
 *
 * <p>How it works: a trigger on {@code job} inserts a {@code webhook_delivery} for each endpoint
 * that wants the event, in the transaction that moves the job ({@code V163__webhooks.sql}); another
 * trigger does so for moves of aliases ({@code V230__aliases.sql}). So there is a delivery for each
 * event that was committed, and for no other. An endpoint with pending deliveries is leased work:
 * {@link dev.graft.webhooks.DeliveryWork} takes the first due delivery from the {@link
 * dev.graft.webhooks.Outbox}, sends it with the {@link dev.graft.webhooks.OutboundClient} outside
 * any transaction and records the result. An endpoint receives one delivery at a time, the events
 * of a job in their order; endpoints take turns. No other module uses this one.
 *
 * <p>How it fails:
 *
 * <ul>
 *   <li>The receiver cannot be reached or does not answer 2xx: retries follow for about a day, with
 *       growing delays. Then the delivery has failed, and an endpoint that accepted nothing in that
 *       time is disabled. Redelivery is one request.
 *   <li>The server dies while it sends: the lease expires and a server sends the delivery again.
 *       Receivers get every event at least once and recognise it by its id.
 *   <li>A URL resolves to a forbidden address, at once or later: {@link
 *       dev.graft.webhooks.OutboundClient.OutboundGuard} checks the addresses at every attempt, and
 *       redirects are not followed.
 *   <li>The encryption key has changed: the delivery waits, and the log has {@code
 *       webhook_secret_unreadable}.
 * </ul>
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {"platform", "platform :: database", "platform :: work", "tenancy"})
package dev.graft.webhooks;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
