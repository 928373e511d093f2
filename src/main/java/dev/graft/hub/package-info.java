/**
 * Models and data sets of a Hugging Face hub, or of a mirror of one.
 *
 * <p>{@link dev.graft.hub.Hub#fetch} pins a revision to its commit, lists the files of that commit,
 * and brings those that are wanted into a directory, each checked by the digest that the listing
 * names; what a cache of {@code huggingface_hub} on this machine has is read from there. What
 * breaks off is resumed by the next call with that directory. {@link dev.graft.hub.Hub#dataSet}
 * does the same for files of a data set. Offline, nothing is asked: the cache has it, or nobody.
 *
 * <p>How it fails: {@link dev.graft.hub.HubRefused} says whether a repository is missing, gated,
 * not allowed here or without the files, and what to do; {@link java.io.IOException} that the hub
 * or the way to it failed.
 *
 * <p>Source: the hub's HTTP interface as {@code huggingface_hub} uses it.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"platform :: errors", "platform :: download", "platform"})
package dev.graft.hub;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
