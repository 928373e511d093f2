/**
 * The ground floor: ids, clock, errors, pages, retries, the security filter chain and the embedded
 * database.
 *
 * <p><b>Errors.</b> A module throws {@link dev.graft.platform.RequestFailed} with a {@link
 * dev.graft.platform.ProblemType}; everything else that can go wrong (routing, JSON, sign-in, the
 * firewall, the container) is turned into one too, and all of them are rendered as the OpenAI
 * envelope, in JSON whatever the client accepts, with {@code x-request-id}. What is not foreseen
 * becomes a 500 that says nothing of the inside; its cause is in the log under the request id.
 *
 * <p><b>Callers.</b> Nothing opens without a bearer key but health and the OpenAPI document. Who
 * issues tokens supplies a {@link dev.graft.platform.BearerAuthenticator}; the worker API has a
 * filter chain of its own, ordered before this one.
 *
 * <p><b>Retries.</b> {@link dev.graft.platform.Idempotency} makes a thing once: twins take turns by
 * a lock that ends with the transaction, and the result is written in that transaction. If the
 * first fails or its server dies, nothing is remembered and the retry does the work.
 *
 * <p><b>Database.</b> Without a configured one, {@link dev.graft.platform.DatabaseInitializer}
 * gives the context the PostgreSQL of the data directory. One process holds the directory ({@link
 * dev.graft.platform.LocalDatabase}); commands connect beside it. A killed Graft's postmaster is
 * adopted, a killed postmaster recovers from its log, a cluster is whole or absent, and a cluster
 * of another major version is refused. What the machine lacks is a {@link
 * dev.graft.platform.MachineLacks}, one line with its cure.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {})
package dev.graft.platform;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
