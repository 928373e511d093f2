package dev.graft.inference;

import dev.graft.artifacts.ArtifactStore;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;

@Configuration
@Profile("server")
@EnableConfigurationProperties(InferenceSettings.class)
class InferenceConfiguration {
  @Bean
  WarmModels warmModels(InferenceSettings settings) {
    return new WarmModels(settings, new InferrerCommandLine(settings.heap())::forModel);
  }

  @Bean
  ModelDirectories modelDirectories(ArtifactStore store, InferenceSettings settings) {
    return new ModelDirectories(store, settings.directory());
  }
}
