/**
 * {@code graft support-bundle}: what somebody who helps wants to see of a Graft, in one file.
 *
 * <p>Each {@link dev.graft.cli.bundle.BundleEntry} is a file of the archive: versions, what {@code
 * graft doctor} finds, the settings, what the running server answers, the queue in numbers, the end
 * of the log. Everything goes through a {@link dev.graft.cli.bundle.SecretScrubber}: values of
 * settings that are secret by their name, and whatever looks like one of Graft's own keys, are
 * taken out wherever they stand. It changes nothing, and works beside a running server.
 *
 * <p>How it fails: an entry that cannot be made says why in its place; the others are there.
 */
@NullMarked
package dev.graft.cli.bundle;

import org.jspecify.annotations.NullMarked;
