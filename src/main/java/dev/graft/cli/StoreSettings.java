package dev.graft.cli;

import dev.graft.artifacts.S3Properties;
import dev.graft.artifacts.StoreProperties;
import dev.graft.platform.GraftProperties;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

/** Where a server's artifacts lie, by the configuration of {@code serve}, without its database. */
record StoreSettings(ConfigurableApplicationContext context) implements AutoCloseable {
  @Configuration(proxyBeanMethods = false)
  @EnableConfigurationProperties({GraftProperties.class, StoreProperties.class, S3Properties.class})
  static class Read {}

  static StoreSettings read(ServerOptions options) {
    List<String> arguments = new ArrayList<>(options.arguments());
    arguments.addAll(ServerContext.QUIET);
    return new StoreSettings(
        new SpringApplicationBuilder(Read.class)
            .web(WebApplicationType.NONE)
            .run(arguments.toArray(String[]::new)));
  }

  Path root() {
    return context.getBean(StoreProperties.class).root(context.getBean(GraftProperties.class));
  }

  S3Properties bucket() {
    return context.getBean(S3Properties.class);
  }

  @Override
  public void close() {
    context.close();
  }
}
