package dev.graft.artifacts;

import java.io.IOException;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;

@Configuration(proxyBeanMethods = false)
@Profile("server")
@EnableConfigurationProperties(ArtifactSettings.class)
class ArtifactConfiguration {
  @Bean(destroyMethod = "close")
  FileArtifactStore artifactStore(ArtifactSettings settings) throws IOException {
    return FileArtifactStore.open(settings.directory());
  }
}
