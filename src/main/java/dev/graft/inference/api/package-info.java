/**
 * What chats and completions share on the wire: tables of the fields that OpenAI documents and what
 * Graft does with each ({@link dev.graft.inference.api.RequestParameter}), answers relayed as
 * events while they are made ({@link dev.graft.inference.api.GenerationStream}), usage, and the
 * headers of a deprecated model.
 *
 * <p>How it fails: before the first event a refusal is a status of its own; after it, an event that
 * SDKs raise as an error. A client that is gone ends its stream and thereby its answer.
 */
@NullMarked
package dev.graft.inference.api;

import org.jspecify.annotations.NullMarked;
