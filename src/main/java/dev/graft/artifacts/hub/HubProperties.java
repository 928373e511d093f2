package dev.graft.artifacts.hub;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The Hugging Face hub, from which base models are added. Without these properties it is what
 * {@code huggingface_hub} uses: {@code HF_ENDPOINT}, {@code HF_TOKEN}, {@code HF_TOKEN_PATH},
 * {@code HF_HUB_CACHE}, {@code HF_HOME}, {@code HF_HUB_OFFLINE}.
 *
 * @param endpoint address of the hub or of a mirror
 * @param token of an account that may read gated or private models
 * @param tokenFile a file with it, where {@code token} is empty; there may be none
 * @param cache directory of {@code huggingface_hub}; models in it are not fetched again. There may
 *     be none
 * @param offline ask nobody: only what the cache has can be added
 * @param organizations whose models may be added; empty: all
 */
@ConfigurationProperties("graft.hub")
record HubProperties(
    @DefaultValue("https://huggingface.co") URI endpoint,
    @Nullable String token,
    @Nullable Path tokenFile,
    @Nullable Path cache,
    @DefaultValue("false") boolean offline,
    @DefaultValue List<String> organizations) {
  public HubProperties {
    organizations = List.copyOf(organizations);
  }

  /** Without the token. */
  @Override
  public String toString() {
    return "HubProperties[" + endpoint + "]";
  }
}
