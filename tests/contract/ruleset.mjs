// Rules of spectral for both documents: all recommended ones for OpenAPI except these.
import rulesets from '@stoplight/spectral-rulesets';

export default {
  extends: [[rulesets.oas, 'recommended']],
  rules: {
    // The product has no address of its own; each installation has one.
    'info-contact': 'off',
    // Each summary is in both languages.
    'operation-description': 'off',
  },
};
