package dev.graft.cli;

import java.util.concurrent.Callable;

/**
 * A file of a bundle.
 *
 * @param text made when the bundle is written
 */
record BundleEntry(String name, Callable<String> text) {}
