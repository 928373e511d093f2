package dev.graft.inference;

import dev.graft.inference.child.Ask;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a chat asks for, checked.
 *
 * @param maxTokens bound on new tokens, or null for the default
 */
record ChatRequest(
    String model, List<Ask.Turn> messages, @Nullable Integer maxTokens, List<String> stop) {}
