package dev.graft.platform;

import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@EveryRole
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(ChildrenProperties.class)
class ChildrenConfiguration {
  @Bean
  ChildConfinement childConfinement(ChildrenProperties settings, GraftProperties graft) {
    return new ChildConfinement(settings, graft.dataDir());
  }
}
