/**
 * OpenAI's chat completions and completions ({@code POST /v1/chat/completions} and {@code POST
 * /v1/completions}), and classifications ({@code POST /v1/classify}, whole). Each has a table of
 * the fields that OpenAI documents and what Graft does with them ({@link
 * dev.graft.inference.api.RequestParameter}), a reader of its body, and a {@link
 * dev.graft.inference.api.CompletionFormat} of its answers; all else they share, whole or relayed
 * as events while it is made ({@link dev.graft.inference.api.GenerationStream}).
 *
 * <p>How it fails: what cannot be honoured is refused by its name. Before the first event a refusal
 * is a status of its own; after it, an event that SDKs raise as an error. A client that is gone
 * ends its stream and thereby its answer.
 */
@NullMarked
package dev.graft.inference.api;

import org.jspecify.annotations.NullMarked;
