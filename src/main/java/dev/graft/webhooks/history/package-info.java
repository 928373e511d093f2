/**
 * What was sent to an endpoint and what came of it, as departments read it.
 *
 * <p>{@link dev.graft.webhooks.history.Deliveries} lists deliveries with their attempts, and puts
 * one back into the outbox when somebody asks for it again.
 */
@NullMarked
package dev.graft.webhooks.history;

import org.jspecify.annotations.NullMarked;
