// The security headers of every reply: what a browser may do with what this server sends.
// Holds: nothing inline and nothing from elsewhere runs or is shown; no page of another site frames these.
import type { FastifyHelmetOptions } from '@fastify/helmet';

export const SECURITY_HEADERS: FastifyHelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      fontSrc: ["'self'"],
      connectSrc: ["'self'"],
      manifestSrc: ["'self'"],
      baseUri: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
  },
  crossOriginOpenerPolicy: { policy: 'same-origin' },
  referrerPolicy: { policy: 'same-origin' },
  xFrameOptions: { action: 'deny' },
  // Whether the whole host is reached by TLS only is for the proxy that has the certificate to say.
  strictTransportSecurity: false,
};

/** Helmet has no word for this one. */
export const PERMISSIONS_POLICY = 'camera=(), geolocation=(), microphone=()';
