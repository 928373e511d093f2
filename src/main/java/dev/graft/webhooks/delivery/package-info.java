/**
 * Events on their way: claimed, signed, sent, and written down.
 *
 * <p>{@link dev.graft.webhooks.delivery.DeliveryWork} takes what is due from the {@link
 * dev.graft.webhooks.delivery.Outbox}; {@link dev.graft.webhooks.delivery.WebhookSender} signs a
 * {@link dev.graft.webhooks.delivery.WebhookEvent} and brings it to its URL through {@link
 * dev.graft.webhooks.delivery.OutboundClient}, which connects only where {@link
 * dev.graft.webhooks.delivery.OutboundGuard} allows. {@link
 * dev.graft.webhooks.delivery.SealedSecrets} keeps the signing secrets encrypted.
 *
 * <p>How it fails: a claim is a lease and an attempt is written down before anything is sent; who
 * reports late, when another has taken over, changes nothing.
 */
@NullMarked
package dev.graft.webhooks.delivery;

import org.jspecify.annotations.NullMarked;
