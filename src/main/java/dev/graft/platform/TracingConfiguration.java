package dev.graft.platform;

import java.time.Clock;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** The traces of this process, whatever its role. */
@EveryRole
@Configuration(proxyBeanMethods = false)
class TracingConfiguration {
  @Bean(destroyMethod = "close")
  Traces traces(Environment environment, Clock clock) {
    return Traces.of(environment, clock);
  }
}
