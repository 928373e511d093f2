/**
 * OpenAI's chat completions, {@code POST /v1/chat/completions}: {@link
 * dev.graft.inference.api.chat.ChatParameter} is the table of its fields. A conversation of text
 * turns by three roles is read, and answered whole or as {@code chat.completion.chunk} events. What
 * cannot be honoured is refused by its name.
 */
@NullMarked
package dev.graft.inference.api.chat;

import org.jspecify.annotations.NullMarked;
