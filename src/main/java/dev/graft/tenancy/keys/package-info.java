/**
 * API keys of people, of service accounts and of the organisation, by OpenAI's routes.
 *
 * <p>{@link dev.graft.tenancy.keys.ApiKeys} makes, lists and ends them. A key is 256 random bits,
 * shown once; the row holds its SHA-256, which is also how it is found, and its first characters,
 * by which people know it. {@link dev.graft.tenancy.keys.ServiceAccounts} are the programs that
 * keys may belong to.
 *
 * <p>How it fails: a key that is lost cannot be shown again; another is made. The administrator's
 * key of the settings ends the one before it when its value changes.
 */
@NullMarked
@NamedInterface("keys")
package dev.graft.tenancy.keys;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
