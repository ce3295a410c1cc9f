// Makes this Node one of 2020, as far as it says.
'use strict';

Object.defineProperty(process, 'versions', { value: { node: '14.21.3' } });
