/**
 * A server that is no worker has workers answer ({@link
 * dev.graft.inference.routing.RoutedInferrer}): a worker asks for calls beside its jobs ({@link
 * dev.graft.inference.routing.CallLoop}), fetches the model's files as it fetches a job's, answers
 * with warm processes of its own and reports what there is of the answer every moment ({@link
 * dev.graft.inference.routing.RunningCall}); the server relays it from the {@link
 * dev.graft.inference.routing.CallBoard}. While it trains, a worker takes no calls ({@link
 * dev.graft.inference.routing.TrainingPriority}).
 *
 * <p>How it fails: a call that its worker does not confirm goes to another; a worker that falls
 * silent has lost its call; a report that nobody waits for is refused ({@link
 * dev.graft.inference.routing.CallGone}) and ends the worker's answer. The board is in memory: a
 * call lives no longer than its request.
 */
@NullMarked
package dev.graft.inference.routing;

import org.jspecify.annotations.NullMarked;
