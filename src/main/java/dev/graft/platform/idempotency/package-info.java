/**
 * A thing is made once, however often a client repeats the request.
 *
 * <p>{@link dev.graft.platform.idempotency.Idempotency} lets twins of an {@link
 * dev.graft.platform.idempotency.IdempotentRequest} take turns by a lock that ends with the
 * transaction, and the result is written in that transaction.
 *
 * <p>How it fails: if the first fails or its server dies, nothing is remembered and the retry does
 * the work.
 */
@NullMarked
@NamedInterface("idempotency")
package dev.graft.platform.idempotency;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
