/**
 * The rows of adapters: published with their job, read, searched, deprecated, kept and deleted
 * ({@link dev.graft.adapters.registry.Adapters}), and what was trained from what ({@link
 * dev.graft.adapters.registry.AdapterLineage}). It also tells others what adapters need: blobs,
 * base models, and their place in retention. A deleted row stays without its files.
 */
@NullMarked
package dev.graft.adapters.registry;

import org.jspecify.annotations.NullMarked;
