// Rules of spectral for both documents: all of its recommended ones for OpenAPI but these.
import rulesets from '@stoplight/spectral-rulesets';

export default {
  extends: [[rulesets.oas, 'recommended']],
  rules: {
    // The product has no address of its own; each installation's organisers have theirs.
    'info-contact': 'off',
    // A summary in both languages says it.
    'operation-description': 'off',
  },
};
