/**
 * The rows of adapters: published with their job, read, searched, deprecated, kept and deleted
 * ({@link dev.graft.adapters.registry.Adapters}), and what was trained from what ({@link
 * dev.graft.adapters.registry.AdapterLineage}). A row is read and written as an entity; its version
 * tells a change that another one has overtaken. Searches are SQL that finds ids ({@link
 * dev.graft.adapters.registry.AdapterIndex}). It also tells others what adapters need: blobs, base
 * models, and their place in retention. A deleted row stays without its files.
 */
@NullMarked
@NamedInterface("registry")
package dev.graft.adapters.registry;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
