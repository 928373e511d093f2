/**
 * Models and data sets of a Hugging Face hub, or of a mirror of one.
 *
 * <p>{@link dev.graft.artifacts.hub.Hub#fetch} pins a revision to its commit, lists the files of
 * that commit and downloads the wanted ones into a directory, each checked against the digest in
 * the listing. Files in a {@code huggingface_hub} cache on this machine are read from there. An
 * interrupted download is resumed by the next call with the same directory. {@link
 * dev.graft.artifacts.hub.Hub#dataSet} does the same for data sets. Offline, only the cache is
 * used.
 *
 * <p>How it fails: {@link dev.graft.artifacts.hub.HubRefused} names the reason (the repository is
 * missing, gated, not allowed here, or lacks the files) and the remedy; {@link java.io.IOException}
 * means that the hub or the network failed.
 *
 * <p>Source: the hub's HTTP interface as {@code huggingface_hub} uses it.
 */
@NullMarked
@NamedInterface("hub")
package dev.graft.artifacts.hub;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
