/**
 * {@code graft libtorch fetch}: lays out the CUDA build of libtorch, which is too large for the
 * jar, from the wheels that PyPI has of torch and NVIDIA's libraries. No Python runs: a wheel is a
 * zip file, of which the libraries alone are unpacked, into the places that Python's site-packages
 * would give them.
 *
 * <p>How it works: the wheels are pinned by name and SHA-256 ({@code wheels.sha256} among the
 * resources, in the form of {@code sha256sum}). They come from a package index, each resumed where
 * it broke off, or from a directory. The result appears whole, by one rename.
 *
 * <p>How it fails: a file with another hash is deleted and said; an index that cannot be reached is
 * something that the machine lacks. What was downloaded stays for the next attempt.
 */
@NullMarked
package dev.graft.cli.libtorch;

import org.jspecify.annotations.NullMarked;
